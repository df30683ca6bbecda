CREATE EXTENSION IF NOT EXISTS btree_gist;

CREATE TABLE outlets (
  id uuid PRIMARY KEY,
  owner_id uuid NOT NULL REFERENCES organizations,
  place_id uuid REFERENCES organizations,
  kind text NOT NULL,
  name text NOT NULL,
  profile jsonb NOT NULL,
  active boolean NOT NULL,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  revision integer NOT NULL
);
CREATE INDEX outlets_of_owner ON outlets (owner_id, id);

CREATE TABLE slots (
  id uuid PRIMARY KEY,
  outlet_id uuid NOT NULL REFERENCES outlets,
  plan jsonb NOT NULL,
  removed_at timestamptz,
  revision integer NOT NULL
);
CREATE INDEX slots_of_outlet ON slots (outlet_id) WHERE removed_at IS NULL;

CREATE TABLE campaigns (
  id uuid PRIMARY KEY,
  owner_id uuid NOT NULL REFERENCES organizations,
  code text NOT NULL CONSTRAINT campaigns_code UNIQUE,
  title text NOT NULL,
  starts_on date NOT NULL,
  ends_on date NOT NULL,
  participant_ids uuid[] NOT NULL,
  plan jsonb NOT NULL,
  state text NOT NULL,
  note text NOT NULL,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  revision integer NOT NULL
);

CREATE TABLE activities (
  id uuid PRIMARY KEY,
  owner_id uuid NOT NULL REFERENCES organizations,
  campaign_id uuid REFERENCES campaigns,
  kind text NOT NULL,
  title text NOT NULL,
  place_ids uuid[] NOT NULL,
  participant_ids uuid[] NOT NULL,
  topics text[] NOT NULL,
  audiences text[] NOT NULL,
  plan jsonb NOT NULL,
  overrides jsonb NOT NULL,
  results jsonb,
  state text NOT NULL,
  note text NOT NULL,
  cancelled_at timestamptz,
  split_from uuid REFERENCES activities,
  external_uid text,
  recurring boolean NOT NULL,
  expanded_until timestamptz NOT NULL,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  revision integer NOT NULL
);
CREATE INDEX activities_of_owner ON activities (owner_id, id);
CREATE INDEX activities_of_campaign ON activities (campaign_id, id) WHERE campaign_id IS NOT NULL;
CREATE INDEX activities_of_participant ON activities USING gin (participant_ids);
CREATE UNIQUE INDEX activities_imported ON activities (owner_id, external_uid) WHERE external_uid IS NOT NULL;
CREATE INDEX activities_cut ON activities (split_from) WHERE split_from IS NOT NULL;
CREATE INDEX activities_of_series ON activities (coalesce(split_from, id));
CREATE INDEX activities_to_roll_on ON activities (expanded_until) WHERE recurring;

-- Made anew with every change of an activity, so that calendars, conflicts and overviews are plain SQL.
CREATE TABLE occurrences (
  activity_id uuid NOT NULL REFERENCES activities ON DELETE CASCADE,
  recurrence_id text NOT NULL,
  start text NOT NULL,
  "end" text NOT NULL,
  starts_at timestamptz NOT NULL,
  ends_at timestamptz NOT NULL,
  all_day boolean NOT NULL,
  title text,
  location text,
  cancelled_at timestamptz,
  PRIMARY KEY (activity_id, recurrence_id),
  CHECK (starts_at < ends_at)
);
CREATE INDEX occurrences_by_time ON occurrences USING gist (tstzrange(starts_at, ends_at));

CREATE TABLE bookings (
  id uuid PRIMARY KEY,
  owner_id uuid NOT NULL REFERENCES organizations,
  outlet_id uuid NOT NULL REFERENCES outlets,
  start text NOT NULL,
  duration_seconds integer NOT NULL,
  starts_at timestamptz NOT NULL,
  ends_at timestamptz NOT NULL,
  state text NOT NULL,
  material_id uuid REFERENCES materials,
  activity_id uuid,
  slot_id uuid REFERENCES slots,
  note text NOT NULL,
  cancelled_at timestamptz,
  cancel_reason text,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  revision integer NOT NULL,
  sequence_base integer NOT NULL DEFAULT 0,
  CHECK ((state = 'cancelled') = (cancelled_at IS NOT NULL)),
  CONSTRAINT bookings_apart EXCLUDE USING gist (outlet_id WITH =, tstzrange(starts_at, ends_at) WITH &&)
    WHERE (cancelled_at IS NULL)
);
CREATE INDEX bookings_of_owner ON bookings (owner_id, id);
CREATE INDEX bookings_of_outlet ON bookings (outlet_id, starts_at);
CREATE INDEX bookings_of_material ON bookings (material_id, ends_at) WHERE cancelled_at IS NULL;
CREATE INDEX bookings_of_activity ON bookings (activity_id, ends_at) WHERE cancelled_at IS NULL;

CREATE TABLE placements (
  id uuid PRIMARY KEY,
  owner_id uuid NOT NULL REFERENCES organizations,
  outlet_id uuid NOT NULL REFERENCES outlets,
  material_id uuid NOT NULL REFERENCES materials,
  version integer NOT NULL,
  starts_at timestamptz NOT NULL,
  on_day date NOT NULL,
  reach bigint,
  report jsonb NOT NULL,
  booking_id uuid REFERENCES bookings,
  late_seconds integer,
  after_takedown boolean NOT NULL,
  created_at timestamptz NOT NULL,
  revision integer NOT NULL
);
CREATE INDEX placements_of_owner ON placements (owner_id, id);
CREATE INDEX placements_of_outlet ON placements (outlet_id, on_day);
CREATE INDEX placements_of_material ON placements (material_id, starts_at);
CREATE INDEX placements_of_booking ON placements (booking_id) WHERE booking_id IS NOT NULL;

CREATE TABLE coverages (
  id uuid PRIMARY KEY,
  activity_id uuid NOT NULL REFERENCES activities,
  kind text NOT NULL,
  language text NOT NULL,
  due_at timestamptz NOT NULL,
  material_id uuid REFERENCES materials,
  plan jsonb NOT NULL,
  state text NOT NULL,
  flag text,
  updated_at timestamptz NOT NULL,
  revision integer NOT NULL
);
CREATE INDEX coverages_of_activity ON coverages (activity_id, id);
CREATE INDEX coverages_of_material ON coverages (material_id) WHERE material_id IS NOT NULL;

CREATE TABLE assignments (
  id uuid PRIMARY KEY,
  owner_id uuid NOT NULL REFERENCES organizations,
  activity_id uuid NOT NULL REFERENCES activities,
  coverage_id uuid REFERENCES coverages,
  organization_id uuid NOT NULL REFERENCES organizations,
  member_id uuid REFERENCES members,
  role text,
  terms jsonb NOT NULL,
  due_at timestamptz,
  parent_id uuid REFERENCES assignments,
  state text NOT NULL,
  note text NOT NULL,
  evidence jsonb NOT NULL,
  history jsonb NOT NULL,
  reminders integer[] NOT NULL,
  reminded integer[] NOT NULL,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  revision integer NOT NULL,
  sequence_base integer NOT NULL DEFAULT 0,
  CHECK ((coverage_id IS NULL) = (due_at IS NOT NULL))
);
CREATE INDEX assignments_of_owner ON assignments (owner_id, id);
CREATE INDEX assignments_of_organization ON assignments (organization_id, id);
CREATE INDEX assignments_of_activity ON assignments (activity_id, organization_id);
CREATE INDEX assignments_of_coverage ON assignments (coverage_id) WHERE coverage_id IS NOT NULL;
CREATE INDEX assignments_of_parent ON assignments (parent_id) WHERE parent_id IS NOT NULL;
CREATE INDEX assignments_to_remind ON assignments (id) WHERE reminders <> '{}';

CREATE TABLE inbox (
  organization_id uuid NOT NULL REFERENCES organizations,
  target text NOT NULL,
  member_id uuid,
  role text,
  kind text NOT NULL,
  at timestamptz NOT NULL,
  note text NOT NULL,
  seq bigint NOT NULL UNIQUE,
  addressee text NOT NULL GENERATED ALWAYS AS (coalesce(member_id::text, role, '')) STORED,
  PRIMARY KEY (organization_id, target, addressee)
);
CREATE INDEX inbox_of_organization ON inbox (organization_id, seq);
CREATE SEQUENCE inbox_seq;

CREATE TABLE calendar_feeds (
  id uuid PRIMARY KEY,
  owner_id uuid NOT NULL REFERENCES organizations,
  member_id uuid REFERENCES members,
  client_id text NOT NULL,
  scope text NOT NULL,
  target_id uuid NOT NULL,
  request jsonb NOT NULL,
  token_hash bytea NOT NULL UNIQUE,
  created_at timestamptz NOT NULL,
  revoked_at timestamptz,
  revision integer NOT NULL
);
CREATE INDEX calendar_feeds_of_owner ON calendar_feeds (owner_id, id);

CREATE TABLE attendees (
  activity_id uuid NOT NULL REFERENCES activities,
  number integer NOT NULL,
  name text NOT NULL,
  unit text NOT NULL,
  member_id uuid REFERENCES members,
  attended boolean NOT NULL,
  completed_on date,
  certificate_number text NOT NULL,
  PRIMARY KEY (activity_id, number)
);
CREATE INDEX attendees_of_member ON attendees (member_id) WHERE member_id IS NOT NULL;

-- The SEQUENCE of a calendar entry is the sum of the revisions that its content depends on (RFC 5545 section 3.8.7.4: it
-- only rises). What an entry refers to can be changed for another; then the revisions of what it leaves stay in the sum.
CREATE FUNCTION keep_sequence_of_booking() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.sequence_base := OLD.sequence_base
    + coalesce((SELECT revision FROM materials WHERE id = OLD.material_id), 0)
    + coalesce((SELECT revision FROM activities WHERE id = OLD.activity_id), 0);
  RETURN NEW;
END $$;
CREATE TRIGGER keep_sequence BEFORE UPDATE ON bookings FOR EACH ROW
  WHEN (OLD.material_id IS DISTINCT FROM NEW.material_id OR OLD.activity_id IS DISTINCT FROM NEW.activity_id)
  EXECUTE FUNCTION keep_sequence_of_booking();
CREATE FUNCTION keep_sequence_of_assignment() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.sequence_base := OLD.sequence_base + (SELECT revision FROM activities WHERE id = OLD.activity_id);
  RETURN NEW;
END $$;
CREATE TRIGGER keep_sequence BEFORE UPDATE ON assignments FOR EACH ROW
  WHEN (OLD.activity_id IS DISTINCT FROM NEW.activity_id) EXECUTE FUNCTION keep_sequence_of_assignment();

-- API processes keep rendered calendars: every commit that writes one of these tables tells them, whoever wrote it.
CREATE SEQUENCE calendar_changes;
CREATE FUNCTION calendar_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM nextval('calendar_changes'), pg_notify('feed', '00000000-0000-7000-8000-ca1e2da70000');
  RETURN NULL;
END $$;
CREATE TRIGGER calendar_changed AFTER INSERT OR UPDATE OR DELETE ON activities
  FOR EACH STATEMENT EXECUTE FUNCTION calendar_changed();
CREATE TRIGGER calendar_changed AFTER INSERT OR UPDATE OR DELETE ON bookings
  FOR EACH STATEMENT EXECUTE FUNCTION calendar_changed();
CREATE TRIGGER calendar_changed AFTER INSERT OR UPDATE OR DELETE ON coverages
  FOR EACH STATEMENT EXECUTE FUNCTION calendar_changed();
CREATE TRIGGER calendar_changed AFTER INSERT OR UPDATE OR DELETE ON assignments
  FOR EACH STATEMENT EXECUTE FUNCTION calendar_changed();
CREATE TRIGGER calendar_changed AFTER INSERT OR UPDATE OR DELETE ON calendar_feeds
  FOR EACH STATEMENT EXECUTE FUNCTION calendar_changed();
CREATE TRIGGER calendar_changed AFTER INSERT OR UPDATE OR DELETE ON outlets
  FOR EACH STATEMENT EXECUTE FUNCTION calendar_changed();
CREATE TRIGGER calendar_changed AFTER INSERT OR UPDATE OR DELETE ON campaigns
  FOR EACH STATEMENT EXECUTE FUNCTION calendar_changed();
-- Calendars bear the names of organizations, and are read with the rights that their makers have now.
CREATE TRIGGER calendar_changed AFTER UPDATE ON organizations
  FOR EACH STATEMENT EXECUTE FUNCTION calendar_changed();
CREATE TRIGGER calendar_changed AFTER UPDATE ON members
  FOR EACH STATEMENT EXECUTE FUNCTION calendar_changed();
CREATE TRIGGER calendar_changed AFTER UPDATE ON clients
  FOR EACH STATEMENT EXECUTE FUNCTION calendar_changed();
