-- Times are seconds since 1970.

CREATE TABLE subscriber (
    id INTEGER PRIMARY KEY,
    email TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    -- In the links that confirm and cancel the subscription.
    token TEXT NOT NULL UNIQUE,
    asked_at INTEGER NOT NULL,
    confirmed_at INTEGER
) STRICT;

CREATE TABLE issue (
    slug TEXT PRIMARY KEY,
    title TEXT NOT NULL,
    text TEXT NOT NULL,
    published_at INTEGER NOT NULL
) STRICT;

-- Who has got which issue.
CREATE TABLE delivery (
    issue TEXT NOT NULL REFERENCES issue,
    subscriber INTEGER NOT NULL REFERENCES subscriber ON DELETE CASCADE,
    PRIMARY KEY (issue, subscriber)
) STRICT, WITHOUT ROWID;
