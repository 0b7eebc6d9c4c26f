"""Layers, fields and tables of a catalog, in SQL as SQLite has it."""

from __future__ import annotations

LAYERS = ("footprints", "boundary", "seamlines")
SYSTEM_FIELDS = ("OBJECTID", "Shape", "Raster", "Header", "StatusId", "StatusMessage")
COMPUTED_FIELDS = ("MinPS", "MaxPS", "LowPS", "HighPS", "Category", "CenterX", "CenterY")
KNOWN_FIELDS = ("Name", *COMPUTED_FIELDS, "Tag", "GroupName", "ProductName", "ZOrder")

TABLES = """
CREATE TABLE footprints (
  OBJECTID INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, Shape MULTIPOLYGON,
  Name TEXT, MinPS DOUBLE, MaxPS DOUBLE, LowPS DOUBLE, HighPS DOUBLE, Category INTEGER, Tag TEXT,
  GroupName TEXT, ProductName TEXT, CenterX DOUBLE, CenterY DOUBLE, ZOrder DOUBLE,
  StatusId INTEGER, StatusMessage TEXT, Raster TEXT, Header TEXT);
CREATE TABLE boundary (fid INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, Shape MULTIPOLYGON);
CREATE TABLE seamlines (
  fid INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, Shape MULTIPOLYGON, ItemId INTEGER,
  BlendWidth DOUBLE, BlendType TEXT);
CREATE TABLE swath_info (key TEXT PRIMARY KEY NOT NULL, value TEXT);
CREATE TABLE swath_sources (
  path TEXT NOT NULL, fid INTEGER NOT NULL, size INTEGER, mtime_ns INTEGER,
  PRIMARY KEY (path, fid)) WITHOUT ROWID;
CREATE INDEX swath_sources_fid ON swath_sources(fid, path);
CREATE TABLE swath_build (
  fid INTEGER PRIMARY KEY, fingerprint TEXT, shape_hash TEXT, rings BLOB, statistics BLOB,
  pyramid TEXT);
CREATE TABLE swath_state (key TEXT PRIMARY KEY NOT NULL, value BLOB);
CREATE TABLE swath_history (
  line INTEGER PRIMARY KEY NOT NULL, moment TEXT NOT NULL, command TEXT NOT NULL, done TEXT NOT NULL);
"""
DESCRIPTIONS = {
    "footprints": "The service table: one row an item, with its footprint",
    "boundary": "Union of the footprints, generalised",
    "seamlines": "Where an item wins in overlaps, under the mosaic method Seamline",
}
