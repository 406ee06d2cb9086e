"""One module per change of the schema. A change that was released is never edited."""
