"""Producer ids and transactions: who may write under which epoch, and how a transaction ends, once."""
