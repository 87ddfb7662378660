"""Tools for the authors of contracts. They write and check the files; no service imports them."""
