ALTER TABLE organizations
  ADD COLUMN successor_id uuid REFERENCES organizations,
  ADD COLUMN revision integer NOT NULL DEFAULT 1;
ALTER TABLE members
  ADD COLUMN email text UNIQUE,
  ADD COLUMN revision integer NOT NULL DEFAULT 1,
  ADD COLUMN left_at timestamptz;
CREATE TABLE credentials (
  member_id uuid PRIMARY KEY REFERENCES members,
  password_hash text,
  totp_box bytea,
  totp_step bigint NOT NULL DEFAULT 0,
  recovery_hashes bytea[] NOT NULL DEFAULT '{}',
  provider_subject text UNIQUE
);
ALTER TABLE clients
  ADD COLUMN public boolean NOT NULL DEFAULT false,
  ADD COLUMN redirect_uris text[] NOT NULL DEFAULT '{}',
  ADD COLUMN grant_types text[] NOT NULL DEFAULT '{client_credentials}',
  ADD COLUMN revision integer NOT NULL DEFAULT 1;
ALTER TABLE sessions ADD COLUMN auth_time timestamptz;
CREATE INDEX sessions_of_member ON sessions (member_id) WHERE member_id IS NOT NULL;
CREATE TABLE logins (
  hash bytea PRIMARY KEY,
  member_id uuid REFERENCES members,
  complete boolean NOT NULL,
  auth_time timestamptz NOT NULL,
  expires_at timestamptz NOT NULL
);
CREATE INDEX logins_of_member ON logins (member_id);
CREATE TABLE codes (
  hash bytea PRIMARY KEY,
  client_id text NOT NULL REFERENCES clients,
  member_id uuid NOT NULL REFERENCES members,
  session_id uuid REFERENCES sessions ON DELETE CASCADE,
  redirect_uri text,
  scope text NOT NULL,
  challenge text NOT NULL,
  auth_time timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  used_at timestamptz
);
CREATE TABLE refresh_tokens (
  hash bytea PRIMARY KEY,
  session_id uuid NOT NULL REFERENCES sessions ON DELETE CASCADE,
  scope text NOT NULL,
  expires_at timestamptz NOT NULL,
  replaced_at timestamptz
);
CREATE INDEX refresh_tokens_of_session ON refresh_tokens (session_id);
CREATE TABLE devices (
  hash bytea PRIMARY KEY,
  user_code_hash bytea NOT NULL UNIQUE,
  client_id text NOT NULL REFERENCES clients,
  scope text NOT NULL,
  state text NOT NULL CHECK (state IN ('pending', 'approved', 'denied', 'used')),
  member_id uuid REFERENCES members,
  auth_time timestamptz,
  interval_seconds integer NOT NULL,
  polled_at timestamptz,
  expires_at timestamptz NOT NULL
);
CREATE TABLE throttles (
  key text PRIMARY KEY,
  failures integer NOT NULL,
  last_at timestamptz NOT NULL
);
CREATE TABLE invitations (
  id uuid PRIMARY KEY,
  code_hash bytea NOT NULL UNIQUE,
  organization_id uuid NOT NULL REFERENCES organizations,
  roles text[] NOT NULL,
  email text,
  invited_by text NOT NULL,
  expires_at timestamptz NOT NULL,
  member_id uuid REFERENCES members
);
ALTER TABLE audit
  ADD COLUMN seal_no bigint UNIQUE,
  ADD COLUMN seal bytea;
CREATE INDEX audit_unsealed ON audit (place) WHERE seal_no IS NULL;
CREATE INDEX audit_by_actor ON audit (actor, place);
CREATE INDEX audit_by_thing ON audit (thing, place);
CREATE INDEX audit_by_time ON audit (at);
