"""What a show's own tests use: rehearsals without a room, golden pictures and sounds."""
