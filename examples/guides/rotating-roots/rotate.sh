mizzen ca rotate --distribute-for 24h --keep-old-for 720h
mizzen ca status
