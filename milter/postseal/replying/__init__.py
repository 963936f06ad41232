"""Replies to sealed messages: to whom they may go, how they are written, and that they leave."""
