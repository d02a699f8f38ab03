-- state 3: held for a subscriber whose module did not load.
CREATE INDEX event_delivery_held ON event_delivery (subscriber, id)
    WHERE state = 3;
