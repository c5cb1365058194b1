//! Everything durable: metadata in SQLite, objects in files, fetched and unpacked artifacts.
