-- Codes of which something was learned that the leads below an id do not know yet.
CREATE TABLE untold (
    space TEXT NOT NULL,
    code  TEXT NOT NULL,
    below INTEGER NOT NULL,
    PRIMARY KEY (space, code)
) WITHOUT ROWID;
