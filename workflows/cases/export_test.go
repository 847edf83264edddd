package cases

// Details is for the tests.
var Details = details
