"""A small applicant tracking system. All people and companies in it are invented."""
