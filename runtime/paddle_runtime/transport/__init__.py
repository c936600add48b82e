"""Skins over one service: how requests come in and answers go out."""
