"""A local mail catcher: accepts every mail by SMTP, stores it and shows it. It never forwards mail."""
