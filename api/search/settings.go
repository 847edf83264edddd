package search

import (
	"context"
	"errors"
	"net/http"
	"strconv"

	"github.com/danielgtaylor/huma/v2"

	"purser/api/httpkit"
	"purser/catalog"
)

// Settings records the shop's settings of the search.
type Settings interface {
	SearchSettings(ctx context.Context) (catalog.RecordedSettings, error)
	// PutSearchSettings fails with catalog.ErrVersion if ifVersion is not the version of
	// the settings, and with catalog.ErrSettings if the new ones are not valid.
	PutSearchSettings(ctx context.Context, settings catalog.SearchSettings, actor string, ifVersion *int64) (catalog.RecordedSettings, error)
}

func (s *Service) registerSettings() {
	httpkit.Register(s.server, huma.Operation{
		OperationID: "get-search-settings", Method: http.MethodGet, Path: "/v1/search/settings", Tags: []string{"catalogue"},
		Summary:     "Read the shop's settings of the search",
		Description: "Until they are set, these are the built-in settings. The ETag is their version.",
	}, []httpkit.Role{httpkit.Viewer, httpkit.Operator}, s.getSettings)
	httpkit.Register(s.server, huma.Operation{
		OperationID: "put-search-settings", Method: http.MethodPut, Path: "/v1/search/settings", Tags: []string{"operators"},
		Summary:     "Replace the shop's settings of the search",
		Description: "What is missing gets its default. The settings are recorded at once and applied by a worker: applied is true when the search uses them. Searches go on in the meantime. With If-Match the settings are replaced only if they have this version.",
	}, []httpkit.Role{httpkit.Operator}, s.putSettings)
}

type settingsOutput struct {
	ETag string `header:"ETag"`
	Body catalog.RecordedSettings
}

func recorded(r catalog.RecordedSettings) *settingsOutput {
	return &settingsOutput{ETag: strconv.Quote(strconv.FormatInt(r.Version, 10)), Body: r}
}

func (s *Service) getSettings(ctx context.Context, _ *struct{}) (*settingsOutput, error) {
	r, err := s.Settings.SearchSettings(ctx)
	if err != nil {
		return nil, err
	}
	return recorded(r), nil
}

type putSettingsInput struct {
	IfMatch string `header:"If-Match" maxLength:"100" doc:"The version (\"7\") that the settings must have; * means any version"`
	Body    describedSettings
}

// describedSettings accepts settings as the API returns them: the read-only fields are
// ignored.
type describedSettings struct {
	catalog.SearchSettings
	Version   int64  `json:"version,omitempty" doc:"Read only"`
	ChangedAt string `json:"changedAt,omitempty" doc:"Read only"`
	ChangedBy string `json:"changedBy,omitempty" doc:"Read only"`
	Applied   bool   `json:"applied,omitempty" doc:"Read only"`
	Problem   string `json:"problem,omitempty" doc:"Read only"`
}

func (s *Service) putSettings(ctx context.Context, in *putSettingsInput) (*settingsOutput, error) {
	settings := in.Body.SearchSettings.Clean()
	if faults := settings.Faults(); len(faults) > 0 {
		p := httpkit.NewProblem(http.StatusUnprocessableEntity, "invalid", faults[0].String())
		for _, f := range faults[:min(len(faults), 20)] {
			p.Errors = append(p.Errors, httpkit.Fault{Location: "body." + f.Field, Message: f.Message})
		}
		return nil, p
	}
	var ifVersion *int64
	if in.IfMatch != "" && in.IfMatch != "*" {
		tag, err := strconv.Unquote(in.IfMatch)
		v, verr := strconv.ParseInt(tag, 10, 64)
		if err != nil || verr != nil {
			return nil, httpkit.NewProblem(http.StatusPreconditionFailed, "version_conflict", `If-Match: want the version of the settings, such as "7"`)
		}
		ifVersion = &v
	}
	r, err := s.Settings.PutSearchSettings(ctx, settings, httpkit.CallOf(ctx).Actor(), ifVersion)
	switch {
	case errors.Is(err, catalog.ErrVersion):
		return nil, httpkit.NewProblem(http.StatusPreconditionFailed, "version_conflict", "the settings were changed in the meantime: read them again")
	case err != nil:
		return nil, err
	}
	return recorded(r), nil
}
