/// Names of places that are unlike each other, for formats that find places by name.
struct PlaceLabels {
    /// As they were given.
    private let names: [String]
    /// In the same order; a name that was given before has `#2`, `#3`, … after it.
    let all: [String]

    init(_ names: [String]) {
        self.names = names
        var taken = Set(names)
        var seen: Set<String> = []
        all = names.map { name in
            if seen.insert(name).inserted { return name }
            var number = 2
            while !taken.insert("\(name)#\(number)").inserted { number += 1 }
            return "\(name)#\(number)"
        }
    }

    /// Where places with these names, which come in the order of all places but may lack some, stand among all; nil for a
    /// name that was not given.
    func indices(_ names: [String]) -> [Int?] {
        var next = 0
        return names.map { name in
            let index = self.names[next...].firstIndex(of: name) ?? self.names.firstIndex(of: name)
            if let index, index >= next { next = index + 1 }
            return index
        }
    }

    /// The labels of places as `indices` finds them.
    func labels(_ names: [String]) -> [String] {
        zip(names, indices(names)).map { name, index in index.map { all[$0] } ?? name }
    }

    /// The label of the first place with this name.
    func label(_ name: String) -> String {
        labels([name])[0]
    }
}
