// Package settings reads what an operator may set, from the environment, files,
// Supabase Vault and Odoo's system parameters, and reports every fault at once.
package settings

import (
	"time"
)

// Settings are all settings of the bridge. A tag names each one: env its name,
// envDefault its default, secret its entry in ssot/secrets/registry.yaml (and so
// that X_FILE and Vault may supply it), odoo the key of ir.config_parameter that
// it falls back to.
type Settings struct {
	// DatabaseURL is the PostgreSQL that holds schema ops.
	DatabaseURL Secret `env:"DATABASE_URL" secret:"database_url"`
	// DatabasePooler says that DATABASE_URL leads through a transaction-mode
	// pooler, so that sessions, prepared statements and LISTEN cannot be used.
	DatabasePooler bool `env:"DATABASE_POOLER" envDefault:"false"`

	ListenAddr  Address `env:"LISTEN_ADDR" envDefault:":8080"`
	MetricsAddr Address `env:"METRICS_ADDR" envDefault:"127.0.0.1:9090"`
	// TrustedProxies are the networks whose word is taken for where a request comes
	// from; without any, the connection alone says it.
	TrustedProxies Networks `env:"TRUSTED_PROXIES"`
	// InstanceID names this replica in the queue. A replica that comes back under
	// the same name takes up at once what it left unfinished. Default: host name.
	InstanceID string `env:"INSTANCE_ID"`
	// Workers is how many deliveries are processed at a time.
	Workers Count `env:"WORKERS" envDefault:"4"`

	PlaneBaseURL               WebURL `env:"PLANE_BASE_URL" envDefault:"https://api.plane.so" odoo:"plane.base_url"`
	PlaneAppURL                WebURL `env:"PLANE_APP_URL"`
	PlaneWorkspaceSlug         Slug   `env:"PLANE_WORKSPACE_SLUG" envDefault:"insightpulseai" odoo:"plane.workspace_slug"`
	PlaneAPIKey                Secret `env:"PLANE_API_KEY" secret:"plane_api_key" odoo:"plane.api_key"`
	PlaneWebhookSecret         Secret `env:"PLANE_WEBHOOK_SECRET" secret:"plane_webhook_secret" odoo:"plane.webhook_secret"`
	PlaneWebhookSecretPrevious Secret `env:"PLANE_WEBHOOK_SECRET_PREVIOUS" secret:"plane_webhook_secret_previous"`

	OdooURL          WebURL   `env:"ODOO_URL"`
	OdooDB           string   `env:"ODOO_DB"`
	OdooLogin        string   `env:"ODOO_LOGIN"`
	OdooPassword     Secret   `env:"ODOO_PASSWORD" secret:"odoo_password"`
	OdooProtocol     Protocol `env:"ODOO_PROTOCOL" envDefault:"auto"`
	OdooMaxInFlight  Count    `env:"ODOO_MAX_IN_FLIGHT" envDefault:"4"`
	OdooWebhookToken Secret   `env:"ODOO_WEBHOOK_TOKEN" secret:"odoo_webhook_token"`
	// PublicURL is where Odoo's server reaches this bridge, for the rules that
	// `odoo setup-push` makes; an address that only Odoo's machine reaches will do.
	PublicURL WebURL `env:"BRIDGE_PUBLIC_URL"`

	SyncSchedule      Schedule `env:"SYNC_SCHEDULE" envDefault:"*/15 * * * *"`
	ReconcileSchedule Schedule `env:"RECONCILE_SCHEDULE" envDefault:"7-59/15 * * * *"`
	CleanupSchedule   Schedule `env:"CLEANUP_SCHEDULE" envDefault:"23 3 * * *"`
	// DriftPolicy says what happens to an edit in Plane of what Odoo owns.
	DriftPolicy DriftPolicy `env:"DRIFT_POLICY" envDefault:"put_back"`
	// CancelBrake is the share of mirrored records that may vanish from Odoo at once
	// before their work items are no longer cancelled without a person's word.
	CancelBrake       Share  `env:"CANCEL_BRAKE" envDefault:"0.2"`
	Timezone          Zone   `env:"TIMEZONE" envDefault:"Asia/Manila"`
	DeliveryRetention Period `env:"DELIVERY_RETENTION" envDefault:"168h"`

	AdminToken            Secret `env:"ADMIN_TOKEN" secret:"admin_token"`
	EncryptionKey         Secret `env:"ENCRYPTION_KEY" secret:"encryption_key"`
	EncryptionKeyPrevious Secret `env:"ENCRYPTION_KEY_PREVIOUS" secret:"encryption_key_previous"`

	PlaneAuth              PlaneAuth `env:"PLANE_AUTH" envDefault:"api_key"`
	PlaneOAuthClientID     string    `env:"PLANE_OAUTH_CLIENT_ID"`
	PlaneOAuthClientSecret Secret    `env:"PLANE_OAUTH_CLIENT_SECRET" secret:"plane_oauth_client_secret"`
	PlaneOAuthRedirectURL  WebURL    `env:"PLANE_OAUTH_REDIRECT_URL"`
	PlaneOAuthScopes       string    `env:"PLANE_OAUTH_SCOPES"`
	PlaneOAuthUserFlow     bool      `env:"PLANE_OAUTH_USER_FLOW" envDefault:"false"`

	// PlaneMCPMode is the transport that mcp-config writes when none is asked for.
	PlaneMCPMode MCPMode `env:"PLANE_MCP_MODE" envDefault:"auto"`

	SecretsSource SecretsSource `env:"SECRETS_SOURCE" envDefault:"environment"`
	LogLevel      LogLevel      `env:"LOG_LEVEL" envDefault:"info"`
	LogFormat     LogFormat     `env:"LOG_FORMAT"`

	// flows are the values of the settings that flows bring.
	flows map[string]string
	// origins names the sources of values that are not the environment's own.
	origins map[string]string
}

// Origin names the source that a setting's value comes from; empty for the
// environment, its files and commands, and for a default.
func (s Settings) Origin(name string) string { return s.origins[name] }

// AppURL is where people open Plane: PLANE_APP_URL, or what follows from the
// base URL.
func (s Settings) AppURL() string {
	if s.PlaneAppURL != "" {
		return s.PlaneAppURL.String()
	}
	return appURL(s.PlaneBaseURL)
}

// WebhookSecrets are the secrets that a Plane webhook may be signed with; empty
// when none is set.
func (s Settings) WebhookSecrets() []string {
	if s.PlaneWebhookSecret == "" {
		return nil
	}
	secrets := []string{s.PlaneWebhookSecret.Reveal()}
	if s.PlaneWebhookSecretPrevious != "" {
		secrets = append(secrets, s.PlaneWebhookSecretPrevious.Reveal())
	}
	return secrets
}

// Location is the time zone in which "today" and urgency are reckoned.
func (s Settings) Location() *time.Location { return s.Timezone.Location() }
