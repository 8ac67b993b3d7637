"""What a DataLoader is made of: batches (collate), one worker's reading (fetch), its process (worker), the pool of them (pool)."""
