"""The milter protocol: the only room that knows pymilter and libmilter."""
