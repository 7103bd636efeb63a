# SPDX-License-Identifier: Apache-2.0
"""Python's answers to questions about names.

Each line of standard input is a question, its fields separated by tabs and written as Python literals:
`getaddrinfo host service family kind protocol flags`, `getnameinfo address port flags`, `gethostbyname name`,
`gethostbyname_ex name`, `gethostbyaddr name`, `getfqdn name`, `gethostname`, `getservbyname name protocol`,
`getservbyport port protocol`, `getprotobyname name`. Each answer is one line.
"""
import ast
import socket
import sys


def getaddrinfo(*question):
    found = socket.getaddrinfo(*question)
    return " ".join(f"{f:d},{k:d},{p},{name},{where[0]},{where[1]}" for f, k, p, name, where in found)


def getnameinfo(address, port, flags):
    return " ".join(socket.getnameinfo((address, port), flags))


def entry(found):
    name, aliases, addresses = found
    return f"{name} {','.join(aliases)} {','.join(addresses)}"


def plain(function):
    return lambda *question: str(function(*question))


answers = {
    "getaddrinfo": getaddrinfo,
    "getnameinfo": getnameinfo,
    "gethostbyname_ex": lambda name: entry(socket.gethostbyname_ex(name)),
    "gethostbyaddr": lambda name: entry(socket.gethostbyaddr(name)),
}

for line in sys.stdin:
    name, *fields = line.rstrip("\n").split("\t")
    question = [ast.literal_eval(field) for field in fields]
    try:
        print(answers.get(name, plain(getattr(socket, name)))(*question))
    except socket.gaierror as error:
        print("error", error.errno)
    except socket.herror as error:
        print("herror", error.errno)
    except OSError as error:
        print("oserror", error)
