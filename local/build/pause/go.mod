module legal-ai/local/build/pause

go 1.26
