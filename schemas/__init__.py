"""The shape of what travels: types, problems, XML and JSON, schemas, rules, code tables, agencies, Vietnamese text.

The lowest floor: it imports nothing of the others. Modules are imported by name, so that nobody pays for xmlschema
who only needs a type.
"""
