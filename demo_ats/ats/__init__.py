"""What a small applicant tracking system looks like. All people and companies are invented."""
