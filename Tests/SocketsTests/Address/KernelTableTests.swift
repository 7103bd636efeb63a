// SPDX-License-Identifier: Apache-2.0
import SystemPackage
import Testing

@testable import Sockets

struct KernelTableTests {
    @Test func `IPv4's default routes are found among the others, and those that are down or reject are not`() {
        let table = """
            Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
            eth0\t00000000\t0101A8C0\t0003\t0\t0\t100\t00000000\t0\t0\t0
            eth0\t0001A8C0\t00000000\t0001\t0\t0\t100\t00FFFFFF\t0\t0\t0
            ppp0\t00000000\t00000000\t0001\t0\t0\t0\t00000000\t0\t0\t0
            eth1\t00000000\t0101A8C0\t0002\t0\t0\t0\t00000000\t0\t0\t0
            lo\t00000000\t00000000\t0201\t0\t0\t0\t00000000\t0\t0\t0
            half\t00000000
            """
        #expect(
            DefaultRoute.parseIPv4(table) == [
                DefaultRoute(interface: "eth0", gateway: .v4(IPv4Address(192, 168, 1, 1)), metric: 100),
                DefaultRoute(interface: "ppp0", gateway: nil, metric: 0),
            ])
    }

    @Test func `IPv6's default routes are found among the others`() throws {
        let zeros = String(repeating: "0", count: 32)
        let table = """
            \(zeros) 00 \(zeros) 00 fe800000000000000000000000000001 00000400 00000002 00000000 00000003     eth0
            \(zeros) 00 \(zeros) 00 \(zeros) ffffffff 00000001 00000000 00200200       lo
            fd000000000000000000000000000000 40 \(zeros) 00 \(zeros) 00000100 00000001 00000000 00000001     eth0
            """
        #expect(
            DefaultRoute.parseIPv6(table) == [
                DefaultRoute(interface: "eth0", gateway: .v6(try IPv6Address("fe80::1")), metric: 1024)
            ])
    }

    @Test func `joined groups are read with their interfaces`() throws {
        let ipv4 = """
            Idx\tDevice    : Count Querier\tGroup    Users Timer\tReporter
            1\tlo        :     1      V3
            \t\t\t\t010000E0     1 0:00000000\t\t0
            4\teth0      :     2      V3
            \t\t\t\tFB0000E0     1 0:00000000\t\t0
            \t\t\t\t010000E0     1 0:00000000\t\t0
            """
        #expect(
            JoinedGroup.parseIPv4(ipv4).map { "\($0.interface) \($0.group)" }
                == ["lo 224.0.0.1", "eth0 224.0.0.251", "eth0 224.0.0.1"])
        let ipv6 = "1    lo              ff020000000000000000000000000001     1 0000000C 0\nnonsense\n"
        #expect(JoinedGroup.parseIPv6(ipv6).map { "\($0.interface) \($0.group)" } == ["lo ff02::1"])
    }

    @Test func `a file of the kernel is read to its end, and one that is not there is told`() throws {
        #expect(try kernelText(at: "/proc/self/status").contains("\nPid:"))
        #expect(throws: Errno.noSuchFileOrDirectory) { try kernelText(at: "/proc/nonexistent") }
        #expect(throws: Errno.fileTooLarge) { try kernelText(at: "/dev/zero") }
    }
}
