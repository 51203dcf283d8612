/// What is wrong with a script (rules or behaviour in JSON), as a clause that names the place and, for an unknown name,
/// those that are known.
public struct ScriptError: Error, CustomStringConvertible {
    public let description: String

    init(_ problem: String, at path: [any CodingKey]) {
        description = Self.place(path).map { "\($0) \(problem)" } ?? "it \(problem)"
    }

    /// Something that is called `name` where only `known` are.
    init(unknown kind: String, _ name: String, known: [String], at path: [any CodingKey]) {
        self.init("has the unknown \(kind) \"\(name)\" (known are \(known.joined(separator: ", ")))", at: path)
    }

    /// From whatever decoding threw.
    init(_ error: any Error) {
        switch error {
        case let error as ScriptError: self = error
        case DecodingError.keyNotFound(let key, let context):
            self.init("lacks \"\(key.stringValue)\"", at: context.codingPath)
        case DecodingError.typeMismatch(let type, let context), DecodingError.valueNotFound(let type, let context):
            self.init("is no \(Self.words(for: type))", at: context.codingPath)
        case DecodingError.dataCorrupted(let context) where context.codingPath.isEmpty: self.init("is no JSON", at: [])
        case DecodingError.dataCorrupted(let context):
            self.init("has a value that cannot be used", at: context.codingPath)
        default: self.init("cannot be read (\(error))", at: [])
        }
    }

    /// `rule 2`, `"nth" of rule 2`, `"etags"`; nil for the whole.
    private static func place(_ path: [any CodingKey]) -> String? {
        var rest = path[...]
        let rule = rest.first?.intValue.map { "rule \($0 + 1)" }
        if rule != nil { rest.removeFirst() }
        let names = rest.compactMap { $0.intValue == nil ? $0.stringValue : nil }
        let name = names.isEmpty ? nil : "\"\(names.joined(separator: "."))\""
        guard let rule else { return name }
        return name.map { "\($0) of \(rule)" } ?? rule
    }

    private static func words(for type: any Any.Type) -> String {
        switch type {
        case is String.Type: "text"
        case is Bool.Type: "true or false"
        case is Double.Type: "number"
        case is any FixedWidthInteger.Type: "whole number"
        case is [String: Any].Type: "object"
        case is any Collection.Type: "list"
        default: "object"
        }
    }
}

/// Any name of a JSON object.
struct AnyCodingKey: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }

    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
}

extension Decoder {
    /// A misspelt name in a script must not pass as a server without that fault.
    func refuseUnknownKeys<Key: CodingKey>(_ known: [Key]) throws {
        let names = known.map(\.stringValue)
        for key in try container(keyedBy: AnyCodingKey.self).allKeys where !names.contains(key.stringValue) {
            throw ScriptError(unknown: "name", key.stringValue, known: names, at: codingPath)
        }
    }
}

extension RawRepresentable<String> where Self: CaseIterable {
    /// The case of that name.
    init(named name: String, _ kind: String, at path: [any CodingKey]) throws {
        guard let value = Self(rawValue: name) else {
            throw ScriptError(unknown: kind, name, known: Self.allCases.map(\.rawValue), at: path)
        }
        self = value
    }
}
