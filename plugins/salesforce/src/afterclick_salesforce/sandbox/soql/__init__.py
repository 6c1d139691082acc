"""SOQL, the part of it that integrations of this kind use: read, checked and run.

Known: SELECT of fields, fields of related records and COUNT(); WHERE with AND, OR, NOT, =, !=, <>, <, <=, >,
>=, LIKE, IN, NOT IN, and every kind of literal; ORDER BY, LIMIT, OFFSET. Everything else is refused as
malformed: subqueries, aliases, functions, GROUP BY.

Source: SOQL and SOSL Reference, "SOQL SELECT Syntax", "Quoted String Escape Sequences", "Comparison
Operators", "SOQL and SOSL Limits".
"""

from afterclick_salesforce.sandbox.soql.parser import parse
from afterclick_salesforce.sandbox.soql.problems import QueryError
from afterclick_salesforce.sandbox.soql.run import Prepared, Source, prepare

__all__ = ["Prepared", "QueryError", "Source", "parse", "prepare"]
