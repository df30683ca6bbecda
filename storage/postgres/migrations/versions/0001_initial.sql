CREATE TABLE organizations (
  id uuid PRIMARY KEY,
  code text NOT NULL UNIQUE,
  kind text NOT NULL,
  name text NOT NULL,
  parent_id uuid REFERENCES organizations,
  duties text[] NOT NULL DEFAULT '{}',
  active_from timestamptz,
  active_to timestamptz
);
CREATE TABLE members (
  id uuid PRIMARY KEY,
  login text NOT NULL UNIQUE,
  name text NOT NULL,
  organization_id uuid NOT NULL REFERENCES organizations,
  roles text[] NOT NULL,
  active boolean NOT NULL DEFAULT true
);
CREATE TABLE clients (
  id text PRIMARY KEY,
  name text NOT NULL,
  organization_id uuid NOT NULL REFERENCES organizations,
  scopes text[] NOT NULL,
  roles text[] NOT NULL,
  secret_hashes bytea[] NOT NULL DEFAULT '{}',
  jwks jsonb,
  active boolean NOT NULL DEFAULT true
);
CREATE TABLE sessions (
  id uuid PRIMARY KEY,
  client_id text NOT NULL REFERENCES clients,
  member_id uuid REFERENCES members,
  created_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  revoked_at timestamptz
);
CREATE INDEX sessions_expiry ON sessions (expires_at);
CREATE TABLE assertions (
  client_id text NOT NULL,
  jti text NOT NULL,
  expires_at timestamptz NOT NULL,
  PRIMARY KEY (client_id, jti)
);
CREATE TABLE signing_keys (
  kid text PRIMARY KEY,
  purpose text NOT NULL CHECK (purpose IN ('token', 'document')),
  public_jwk jsonb NOT NULL,
  private_box bytea NOT NULL,
  created_at timestamptz NOT NULL,
  retired_at timestamptz
);
CREATE UNIQUE INDEX one_live_key ON signing_keys (purpose) WHERE retired_at IS NULL;
CREATE TABLE vocabulary (
  list text NOT NULL,
  code text NOT NULL,
  title text NOT NULL,
  place integer NOT NULL,
  PRIMARY KEY (list, code)
);
CREATE TABLE materials (
  id uuid PRIMARY KEY,
  owner_id uuid NOT NULL REFERENCES organizations,
  revision integer NOT NULL,
  state text NOT NULL,
  kind text NOT NULL,
  title text NOT NULL,
  content jsonb NOT NULL,
  attachments jsonb NOT NULL,
  version integer NOT NULL,
  live_version integer,
  edited_by text NOT NULL,
  approved_by text,
  note text NOT NULL DEFAULT '',
  live_expires_at timestamptz,
  expires_at timestamptz,
  due_at timestamptz,
  first_published_at timestamptz,
  published_at timestamptz,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL
);
CREATE INDEX materials_due ON materials (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX materials_live ON materials (id) WHERE live_version IS NOT NULL;
CREATE INDEX materials_owner ON materials (owner_id, id);
CREATE TABLE history (
  place bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  material_id uuid NOT NULL REFERENCES materials,
  at timestamptz NOT NULL,
  by text NOT NULL,
  verb text NOT NULL,
  state text NOT NULL,
  version integer NOT NULL,
  revision integer NOT NULL,
  note text NOT NULL
);
CREATE INDEX history_material ON history (material_id, place);
CREATE TABLE editions (
  material_id uuid NOT NULL REFERENCES materials,
  version integer NOT NULL,
  document bytea NOT NULL,
  sha256 text NOT NULL,
  signature text NOT NULL,
  kid text NOT NULL REFERENCES signing_keys,
  published_at timestamptz NOT NULL,
  hidden boolean NOT NULL DEFAULT false,
  PRIMARY KEY (material_id, version)
);
ALTER TABLE editions ALTER COLUMN document SET STORAGE EXTERNAL;
CREATE TABLE assets (
  id uuid PRIMARY KEY,
  owner_id uuid NOT NULL REFERENCES organizations,
  filename text NOT NULL,
  media_type text NOT NULL,
  size_bytes bigint NOT NULL,
  sha256 text NOT NULL,
  duration_ms bigint,
  width integer,
  height integer,
  created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX assets_blob ON assets (sha256);
CREATE TABLE edition_assets (
  material_id uuid NOT NULL,
  version integer NOT NULL,
  asset_id uuid NOT NULL REFERENCES assets,
  PRIMARY KEY (material_id, version, asset_id),
  FOREIGN KEY (material_id, version) REFERENCES editions
);
CREATE INDEX edition_assets_asset ON edition_assets (asset_id);
CREATE TABLE channels (
  id uuid PRIMARY KEY,
  slug text NOT NULL UNIQUE,
  title text NOT NULL,
  description text NOT NULL DEFAULT '',
  rule jsonb NOT NULL,
  public boolean NOT NULL DEFAULT false,
  revision integer NOT NULL DEFAULT 1,
  rerouting_from uuid,
  purged_seq bigint NOT NULL DEFAULT 0
);
CREATE TABLE grants (
  channel_id uuid NOT NULL REFERENCES channels,
  organization_id uuid NOT NULL REFERENCES organizations,
  granted_at timestamptz NOT NULL,
  revoked_at timestamptz,
  PRIMARY KEY (channel_id, organization_id)
);
CREATE INDEX grants_organization ON grants (organization_id);
CREATE SEQUENCE feed_seq;
CREATE TABLE feed_epoch (
  single boolean PRIMARY KEY DEFAULT true CHECK (single),
  epoch text NOT NULL
);
INSERT INTO feed_epoch (epoch) VALUES (substr(replace(gen_random_uuid()::text, '-', ''), 1, 8));
CREATE TABLE entries (
  channel_id uuid NOT NULL REFERENCES channels,
  material_id uuid NOT NULL REFERENCES materials,
  seq bigint NOT NULL,
  first_seq bigint NOT NULL,
  version integer NOT NULL,
  changed_at timestamptz NOT NULL,
  reason text,
  note text NOT NULL DEFAULT '',
  PRIMARY KEY (channel_id, material_id)
) WITH (fillfactor = 80);
CREATE UNIQUE INDEX entries_feed ON entries (channel_id, seq);
CREATE INDEX entries_material ON entries (material_id);
CREATE INDEX entries_purge ON entries (changed_at) WHERE reason IS NOT NULL;
CREATE TABLE ledger (
  organization_id uuid NOT NULL REFERENCES organizations,
  client_id text NOT NULL,
  channel_id uuid NOT NULL REFERENCES channels,
  seq bigint NOT NULL,
  first_asked_at timestamptz NOT NULL,
  asked_at timestamptz NOT NULL,
  PRIMARY KEY (organization_id, client_id, channel_id)
);
CREATE TABLE downloads (
  organization_id uuid NOT NULL REFERENCES organizations,
  asset_id uuid NOT NULL REFERENCES assets,
  first_at timestamptz NOT NULL,
  last_at timestamptz NOT NULL,
  count bigint NOT NULL,
  PRIMARY KEY (organization_id, asset_id)
);
CREATE INDEX downloads_asset ON downloads (asset_id);
CREATE TABLE takedowns (
  id uuid PRIMARY KEY,
  reason text NOT NULL,
  note text NOT NULL DEFAULT '',
  material_id uuid REFERENCES materials,
  channel_id uuid REFERENCES channels,
  opened_at timestamptz NOT NULL,
  closed_at timestamptz
);
CREATE INDEX takedowns_opened ON takedowns (opened_at);
CREATE TABLE obligations (
  takedown_id uuid NOT NULL REFERENCES takedowns,
  organization_id uuid NOT NULL REFERENCES organizations,
  status text,
  note text NOT NULL DEFAULT '',
  acknowledged_at timestamptz,
  acknowledged_by text,
  PRIMARY KEY (takedown_id, organization_id)
);
CREATE INDEX obligations_organization ON obligations (organization_id, takedown_id);
CREATE TABLE uploads (
  id uuid PRIMARY KEY,
  owner_id uuid NOT NULL REFERENCES organizations,
  created_by text NOT NULL,
  length bigint NOT NULL CHECK (length >= 0),
  "offset" bigint NOT NULL CHECK ("offset" BETWEEN 0 AND length),
  segments bigint[] NOT NULL DEFAULT '{}',
  filename text NOT NULL,
  sha256 text,
  expires_at timestamptz NOT NULL,
  asset_id uuid REFERENCES assets
);
CREATE INDEX uploads_expiry ON uploads (expires_at);
CREATE TABLE audit (
  place bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at timestamptz NOT NULL,
  actor text NOT NULL,
  verb text NOT NULL,
  thing text NOT NULL,
  detail jsonb NOT NULL
);
CREATE TABLE idempotency (
  actor text NOT NULL,
  key text NOT NULL,
  fingerprint bytea NOT NULL,
  started_at timestamptz NOT NULL,
  committed boolean NOT NULL DEFAULT false,
  status integer,
  headers jsonb,
  body bytea,
  PRIMARY KEY (actor, key)
);
CREATE INDEX idempotency_age ON idempotency (started_at);
