"""The words of the composed and synthesised corpora."""

DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")

COMMANDS = (
    "turn on the light", "turn off the light", "stop the music", "play the next song", "set a timer",
    "what time is it", "volume up", "volume down", "call home", "open the door", "close the window", "good night",
)  # fmt: skip
