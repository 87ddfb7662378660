"""A local mail catcher: takes every mail by SMTP, keeps it, shows it. It never sends one on."""
