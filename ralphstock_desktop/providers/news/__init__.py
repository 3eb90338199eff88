"""Collectors of news: feeds, disclosures, folders of files. Guests on other people's servers, who trust nothing they get."""
