"""Evidence: sealing the journal's chain, and gathering what proves one message's journey."""
