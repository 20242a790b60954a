//! One suite, every backend, the same CI run. Each function here is one promise; a backend's tests call [`all`].
