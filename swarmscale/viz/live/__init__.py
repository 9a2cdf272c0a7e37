"""The live page: sessions, the board that draws, the forms that steer, and the pages."""
