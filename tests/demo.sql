CREATE TABLE brewery(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, country TEXT NOT NULL, founded INTEGER);
CREATE TABLE beer(id INTEGER PRIMARY KEY, brewery_id INTEGER NOT NULL REFERENCES brewery, name TEXT NOT NULL,
                  abv REAL CHECK(abv BETWEEN 0 AND 60), ibu INTEGER);
CREATE TABLE sale(beer_id INTEGER, month INTEGER, litres INTEGER, PRIMARY KEY(beer_id, month)) WITHOUT ROWID;
CREATE INDEX beer_brewery ON beer(brewery_id);
CREATE INDEX brewery_country ON brewery(country);
BEGIN;
INSERT INTO brewery(name, country, founded) VALUES
  ('Weihenstephan', 'Germany', 1040), ('Rochefort', 'Belgium', 1595), ('Orval', 'Belgium', 1931),
  ('Cantillon', 'Belgium', 1900), ('Fuller''s', 'England', 1845), ('Sierra Nevada', 'United States', 1980),
  ('Schönramer', 'Germany', 1780);
INSERT INTO beer(brewery_id, name, abv, ibu) VALUES
  (1, 'Hefeweißbier', 5.4, 14), (1, 'Vitus', 7.7, 17), (2, 'Trappistes 8', 9.2, 27), (2, 'Trappistes 10', 11.3, 27),
  (3, 'Orval', 6.2, 36), (4, 'Gueuze', 5.5, NULL), (5, 'London Pride', 4.7, 30), (5, 'ESB', 5.9, 35),
  (6, 'Pale Ale', 5.6, 38), (6, 'Bigfoot', 9.6, 90), (7, 'Pils', 5.0, 40);
WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 65)
INSERT INTO sale SELECT i % 11 + 1, i / 11 + 1, (i * 7919) % 900 + 50 FROM n;
COMMIT;
