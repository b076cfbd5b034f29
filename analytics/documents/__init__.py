"""Frames and figures as documents: pictures, tables for a manuscript."""
