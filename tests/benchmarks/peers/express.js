// A webhook receiver as articles show it: check the signature, answer 200, then parse and handle. It stores
// nothing, so whatever it acknowledged and has not handled yet is lost when it ends.
'use strict';

const crypto = require('node:crypto');
const express = require('express');

const secret = process.env.WEBHOOK_SECRET;
const app = express();

function isSigned(body, signature) {
  const expected = crypto.createHmac('sha256', secret).update(body).digest('hex');
  return signature === expected;
}

// Here an article makes its CRM calls; without any, this measures receiving alone.
async function handle(event) {
  return event.data.token;
}

app.post('/webhooks/tolinku', express.raw({ type: 'application/json' }), (request, response) => {
  if (!isSigned(request.body, request.get('X-Webhook-Signature'))) {
    response.status(401).send('Invalid signature');
    return;
  }
  response.status(200).send('OK');
  handle(JSON.parse(request.body)).catch(console.error);
});

app.listen(Number(process.env.PORT), '127.0.0.1');
