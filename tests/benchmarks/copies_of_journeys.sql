-- The open journeys of those copies, further and further back in the last days. A link that many tap stays one link.

INSERT INTO journeys
SELECT key || '-' || i, space, lead + i * base.leads, opened_at - i * 300007 % 500000000, prefix,
       CASE WHEN token LIKE 'busy%' THEN token ELSE token || '-' || i END, NULL, ip_at, host, platform, campaign, install,
       claim, person, expires_at
FROM series, base, journeys WHERE lead <= base.leads AND NOT person;
