package imports

import (
	"context"
	"net/http"

	"purser/catalog"
)

type importInput struct {
	ID string `path:"id" maxLength:"64" doc:"The import's id"`
}

func (s *Service) get(ctx context.Context, in *importInput) (*importOutput, error) {
	i, err := s.Records.Import(ctx, in.ID)
	return &importOutput{Status: http.StatusOK, Body: i}, err
}

type importsInput struct {
	Limit int `query:"limit" minimum:"1" maximum:"100" default:"20" doc:"The maximum number of imports"`
}

type importsOutput struct {
	Body struct {
		Imports []catalog.Import `json:"imports"`
	}
}

func (s *Service) list(ctx context.Context, in *importsInput) (*importsOutput, error) {
	all, err := s.Records.Imports(ctx, in.Limit)
	out := &importsOutput{}
	out.Body.Imports = append([]catalog.Import{}, all...)
	return out, err
}

type importErrorsInput struct {
	ID    string `path:"id" maxLength:"64" doc:"The import's id"`
	After int64  `query:"after" minimum:"0" doc:"Only errors after this line of the file"`
	Limit int    `query:"limit" minimum:"1" maximum:"500" default:"100" doc:"The maximum number of errors"`
}

type importErrorsOutput struct {
	Body struct {
		Errors    []catalog.RowFault `json:"errors"`
		NextAfter int64              `json:"nextAfter,omitempty" doc:"The value of after for the next page; missing on the last page"`
	}
}

func (s *Service) errors(ctx context.Context, in *importErrorsInput) (*importErrorsOutput, error) {
	if _, err := s.Records.Import(ctx, in.ID); err != nil {
		return nil, err
	}
	rows, err := s.Records.ImportErrors(ctx, in.ID, in.After, in.Limit)
	out := &importErrorsOutput{}
	out.Body.Errors = append([]catalog.RowFault{}, rows...)
	if len(rows) == in.Limit {
		out.Body.NextAfter = rows[len(rows)-1].Line
	}
	return out, err
}
