"""Safety in cirrhosis: adverse events, laboratory grades, liver injury, organ failure, stopping rules."""
