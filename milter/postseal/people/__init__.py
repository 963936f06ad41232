"""Who people are: their groups, attributes and managers, from a file or an LDAP server."""
