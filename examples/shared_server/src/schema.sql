CREATE TABLE IF NOT EXISTS stock (
    item TEXT PRIMARY KEY,
    pieces INTEGER NOT NULL CHECK (pieces >= 0)
);
