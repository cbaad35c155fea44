// Package events holds a package of types for every area of schemas/avro, which `go generate` makes.
package events

//go:generate sh -c "ls ../../../schemas/avro | xargs -I{} sh -c 'mkdir -p {} && go tool avrogen -pkg {} -o {}/generated.go -tags json:snake ../../../schemas/avro/{}/*.avsc'"
