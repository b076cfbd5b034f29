"""From the formats that people have to tables of text. Each reader takes bytes and knows no patient."""
