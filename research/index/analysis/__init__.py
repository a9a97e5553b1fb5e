"""What a finished index is asked, a room for each kind of question, about its `record`. Nothing here changes it."""
