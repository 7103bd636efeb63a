// SPDX-License-Identifier: Apache-2.0
#pragma once
#define _GNU_SOURCE
#include <sys/socket.h>
