//! Passwords: rules, hashing, comparing.

use argon2::{Argon2, PasswordHash, PasswordHasher, PasswordVerifier};

/// Why a password is too weak, for the person who chose it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Weak {
    pub zh: String,
    pub en: String,
}

/// # Errors
/// [`Weak`].
pub fn check(password: &str, login: &str) -> Result<(), Weak> {
    if password.chars().count() < 10 {
        return Err(Weak { zh: "密码至少 10 个字符".to_owned(), en: "at least 10 characters".to_owned() });
    }
    if password.to_lowercase().contains(login) && !login.is_empty() {
        return Err(Weak {
            zh: "密码里不能有用户名".to_owned(), en: "must not contain the sign-in name".to_owned()
        });
    }
    Ok(())
}

/// Hashes a password with argon2id into a PHC string.
pub fn hash(password: &str, salt: &[u8; 16]) -> String {
    Argon2::default()
        .hash_password_with_salt(password.as_bytes(), salt)
        .expect("a 16-byte salt and the default parameters are valid")
        .to_string()
}

/// Does the password fit the stored hash? Takes as long when it does not.
pub fn verify(password: &str, stored: &str) -> bool {
    PasswordHash::new(stored)
        .is_ok_and(|stored| Argon2::default().verify_password(password.as_bytes(), &stored).is_ok())
}

/// Spends the time of a comparison when there is nobody to compare with.
pub fn verify_nobody(password: &str) {
    hash(password, &[0; 16]);
}
