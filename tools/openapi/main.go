// Openapi checks an OpenAPI document from standard input against the version of the
// specification that it declares, and prints what is wrong with it.
package main

import (
	"fmt"
	"io"
	"os"

	"github.com/pb33f/libopenapi"
	validator "github.com/pb33f/libopenapi-validator"
)

func main() {
	problems, err := check(os.Stdin)
	if err != nil {
		problems = append(problems, err.Error())
	}
	for _, p := range problems {
		fmt.Fprintln(os.Stderr, "openapi:", p)
	}
	if len(problems) > 0 {
		os.Exit(1)
	}
}

// check returns the problems of a document, or an error if it cannot be read.
func check(r io.Reader) (problems []string, err error) {
	text, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	doc, err := libopenapi.NewDocument(text)
	if err != nil {
		return nil, err
	}
	if _, err := doc.BuildV3Model(); err != nil { // finds references to nothing
		problems = append(problems, err.Error())
	}
	v, errs := validator.NewValidator(doc)
	for _, err := range errs {
		problems = append(problems, err.Error())
	}
	if len(problems) > 0 {
		return problems, nil
	}
	_, found := v.ValidateDocument()
	for _, f := range found {
		problems = append(problems, f.Message+": "+f.Reason)
		for _, s := range f.SchemaValidationErrors {
			problems = append(problems, s.KeywordLocation+": "+s.Reason)
		}
	}
	return problems, nil
}
