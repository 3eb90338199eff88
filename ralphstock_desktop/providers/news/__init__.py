"""Collectors of news: feeds, disclosures, folders of files. Guests on other people's servers, and suspicious of what they send."""
