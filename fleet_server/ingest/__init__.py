"""From MQTT messages to rows: link, judgement, store, receipts, presence."""
