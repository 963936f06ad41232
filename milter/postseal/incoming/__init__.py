"""Mail that comes to us in S/MIME: opened with the gateway's keys, verified, and handed on."""
