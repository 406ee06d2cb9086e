"""HTTP in: the doors of partner systems, health, and the pages for operators."""
