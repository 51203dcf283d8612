import Testing

@testable import Runtime

@Suite("Memory that is given back")
struct MemoryTests {
    @Test("is code and the constants before it, never what may have been written to")
    func mappings() {
        let maps = """
            1000-2000 r--p 00000000 fe:00 1                          /usr/bin/program
            2000-5000 r-xp 00001000 fe:00 1                          /usr/bin/program
            5000-6000 r--p 00004000 fe:00 1                          /usr/bin/program
            6000-7000 rw-p 00005000 fe:00 1                          /usr/bin/program
            7000-9000 rw-p 00000000 00:00 0                          [heap]
            a000-b000 r--p 00000000 fe:00 2 /usr/lib/x y.so
            b000-c000 r-xp 00001000 fe:00 2 /usr/lib/x y.so
            d000-e000 r-xp 00000000 00:00 0                          [vdso]
            e000-f000 r-xp 00000000 fe:00 3                          /usr/lib/old.so (deleted)
            """
        #expect(Memory.cleanMappings(maps) == [0x1000..<0x2000, 0x2000..<0x5000, 0xa000..<0xb000, 0xb000..<0xc000])
    }

    @Test("is not missed")
    func goesOn() {
        var words: [String] = []
        for round in 0..<3 {
            words.append(String(repeating: "x", count: 1000 * (round + 1)))
            Memory.giveBack()
        }
        #expect(words.map(\.count) == [1000, 2000, 3000])
    }
}
