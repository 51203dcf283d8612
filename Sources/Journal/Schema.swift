/// The tables of the state file. Migrations are only ever appended: a file's `user_version` counts those it has had.
enum Schema {
    /// Marks a file as this program's in its header ("mnsy"), so that another program's database is never touched.
    static let applicationID: Int64 = 0x6D6E_7379

    static let migrations: [String] = [
        """
        CREATE TABLE mirror (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
        CREATE TABLE proven_pair (
            mirror INTEGER NOT NULL REFERENCES mirror(id),
            key BLOB NOT NULL,
            source_etag TEXT NOT NULL,
            source_modified_ms INTEGER NOT NULL,
            source_size INTEGER NOT NULL,
            target_etag TEXT NOT NULL,
            PRIMARY KEY (mirror, key)
        ) WITHOUT ROWID;
        CREATE TABLE upload (
            id INTEGER PRIMARY KEY,
            mirror INTEGER NOT NULL REFERENCES mirror(id),
            key BLOB NOT NULL,
            source_etag TEXT NOT NULL,
            source_size INTEGER NOT NULL,
            part_sizes BLOB NOT NULL,
            created_ms INTEGER NOT NULL,
            upload_id TEXT
        );
        CREATE INDEX upload_by_key ON upload (mirror, key);
        CREATE TABLE run (
            id INTEGER PRIMARY KEY,
            mirror INTEGER NOT NULL REFERENCES mirror(id),
            started_ms INTEGER NOT NULL,
            finished_ms INTEGER,
            status TEXT,
            summary TEXT
        );
        CREATE INDEX run_by_mirror ON run (mirror, id);
        CREATE TABLE endpoint (name TEXT PRIMARY KEY, key_order TEXT NOT NULL) WITHOUT ROWID;
        """,
        """
        CREATE TABLE pending (
            mirror INTEGER NOT NULL REFERENCES mirror(id),
            key BLOB NOT NULL,
            since_ms INTEGER NOT NULL,
            is_removal INTEGER NOT NULL,
            PRIMARY KEY (mirror, key)
        ) WITHOUT ROWID;
        CREATE INDEX pending_by_age ON pending (mirror, since_ms, key);
        CREATE TABLE fact (
            mirror INTEGER NOT NULL REFERENCES mirror(id),
            name TEXT NOT NULL,
            value TEXT NOT NULL,
            PRIMARY KEY (mirror, name)
        ) WITHOUT ROWID;
        """,
        "ALTER TABLE proven_pair ADD COLUMN target_modified_ms INTEGER",
        "ALTER TABLE pending ADD COLUMN is_listed INTEGER NOT NULL DEFAULT 0",
    ]

    /// Brings the file to this program's schema, in one transaction.
    static func migrate(_ connection: SQLiteConnection, _ subject: JournalError.Subject) throws(JournalError) {
        if try check(connection, subject) { return }
        // Another process may be doing the same: what is found under the lock counts.
        try connection.transaction { () throws(JournalError) in
            if try isCurrent(connection, subject) { return }
            let version = try connection.integer("PRAGMA user_version")
            for migration in migrations.dropFirst(Int(version)) { try connection.execute(migration) }
            try connection.execute(
                "PRAGMA application_id = \(applicationID); PRAGMA user_version = \(migrations.count)")
        }
    }

    /// Whether the file has this program's schema; throws unless it is empty or of this program.
    ///
    /// In one transaction: a file that another process is just making must not be seen half made.
    @discardableResult
    static func check(_ connection: SQLiteConnection, _ subject: JournalError.Subject) throws(JournalError) -> Bool {
        try connection.transaction(writing: false) { () throws(JournalError) in
            try isCurrent(connection, subject)
        }
    }

    /// Within a transaction.
    private static func isCurrent(
        _ connection: SQLiteConnection, _ subject: JournalError.Subject
    ) throws(JournalError) -> Bool {
        let version = try connection.integer("PRAGMA user_version")
        let application = try connection.integer("PRAGMA application_id")
        if application != applicationID {
            guard try connection.integer("SELECT count(*) FROM sqlite_master") == 0, version == 0, application == 0
            else { throw JournalError(subject, .notAJournal("it is the database of another program")) }
            return false
        }
        let known = Int64(migrations.count)
        if version > known { throw JournalError(subject, .newerSchema(found: version, known: known)) }
        if version < 0 { throw JournalError(subject, .notAJournal("its schema version is negative")) }
        return version == known
    }
}
