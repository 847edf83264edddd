package main

import (
	_ "github.com/aws/aws-sdk-go-v2/feature/cloudfront/sign"
	_ "github.com/aws/aws-sdk-go-v2/service/s3"
	_ "github.com/blevesearch/bleve/v2"
	_ "github.com/emersion/go-smtp"
	_ "github.com/meilisearch/meilisearch-go"
	_ "github.com/versity/versitygw/embedgw"
	_ "golang.org/x/image/draw"
	_ "golang.org/x/image/webp"
)
