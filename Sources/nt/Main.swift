// SPDX-License-Identifier: Apache-2.0
import NetTool

@main
struct Main {
    static func main() {
        NetTool.main()
    }
}
